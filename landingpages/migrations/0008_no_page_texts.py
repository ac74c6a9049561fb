from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('landingpages', '0007_texts_to_blocks'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='landingpage',
            name='texts',
        ),
    ]
