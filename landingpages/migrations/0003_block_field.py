from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('landingpages', '0002_service_pages'),
    ]

    operations = [
        migrations.AlterField(
            model_name='block',
            name='field',
            field=models.CharField(blank=True, max_length=60, verbose_name='field'),
        ),
    ]
