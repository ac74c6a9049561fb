import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def place(apps, schema_editor):
    """Submissions so far: to which page they belong, and which of them asked for a link."""
    Submission = apps.get_model("landingpages", "Submission")
    PublishedVersion = apps.get_model("landingpages", "PublishedVersion")
    page = PublishedVersion.objects.filter(pk=OuterRef("version")).values("page")
    Submission.objects.filter(page=None).update(page=Subquery(page))
    Submission.objects.filter(data__has_key="fresh_link_for").update(kind="fresh_link")


class Migration(migrations.Migration):

    dependencies = [
        ("landingpages", "0006_preference_centre"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="landingpage",
            options={"ordering": ["-pk"], "permissions": [("publish_landingpage", "Can publish landing pages"), ("test_landingpage", "Can test landing pages")], "verbose_name": "landing page", "verbose_name_plural": "landing pages"},
        ),
        migrations.AlterModelOptions(
            name="submission",
            options={"ordering": ["-pk"], "permissions": [("export_submission", "Can export submissions")]},
        ),
        migrations.AddField(
            model_name="landingpage",
            name="embed_origins",
            field=models.JSONField(blank=True, default=list, verbose_name="sites that may embed the page"),
        ),
        migrations.AddField(
            model_name="submission",
            name="changed",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="submission",
            name="is_identified",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="submission",
            name="kind",
            field=models.CharField(choices=[("form", "Form"), ("stop", "Stop, by an old link"), ("fresh_link", "Asked for a link"), ("undo", "Undo")], default="form", max_length=30, verbose_name="kind"),
        ),
        migrations.AddField(
            model_name="submission",
            name="page",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="submissions", to="landingpages.landingpage"),
        ),
        migrations.AddField(
            model_name="submission",
            name="request_id",
            field=models.UUIDField(default=uuid.uuid4),
        ),
        migrations.RunPython(place, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="submission",
            name="page",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="submissions", to="landingpages.landingpage"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["page", "received_at", "id"], name="submissions_by_page"),
        ),
        migrations.CreateModel(
            name="VisitCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("visits", models.PositiveBigIntegerField()),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="landingpages.publishedversion")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("version", "day"), name="visits_are_counted_per_version_and_day")],
            },
        ),
    ]
