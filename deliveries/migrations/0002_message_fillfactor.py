from django.db import migrations


def leave_room_for_updates(apps, schema_editor):
    """On PostgreSQL every message is updated once after it is prepared: half-full pages keep that in the page."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE deliveries_message SET (fillfactor = 50)")


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0001_initial")]
    operations = [migrations.RunPython(leave_room_for_updates, migrations.RunPython.noop)]
