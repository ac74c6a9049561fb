from uuid import NAMESPACE_URL, uuid5

from django.db import migrations

LANGUAGES = ('en', 'fr')
PARTS = ('confirmation', 'error')
# The key by which a version from before shows the same block (landingpages.parts).
KEYS = {part: uuid5(NAMESPACE_URL, f'landingpages/{part}') for part in PARTS}


def to_blocks(apps, schema_editor):
    """What the confirmation page and the error page said becomes one block each; an empty text becomes none."""
    Block = apps.get_model('landingpages', 'Block')
    for page in apps.get_model('landingpages', 'LandingPage').objects.exclude(type='preferences'):
        for part in PARTS:
            texts = {code: {'label': page.texts.get(code, {}).get(part, ''), 'help': ''} for code in LANGUAGES}
            if any(own['label'] for own in texts.values()):
                Block.objects.create(page=page, part=part, key=KEYS[part], position=1, kind='text', texts=texts)
        page.texts = {}
        page.save(update_fields=['texts'])


def to_texts(apps, schema_editor):
    """The first text of each of the two pages; what else they had is lost with their blocks."""
    Block = apps.get_model('landingpages', 'Block')
    for page in apps.get_model('landingpages', 'LandingPage').objects.exclude(type='preferences'):
        texts = {code: dict.fromkeys(PARTS, '') for code in LANGUAGES}
        for part in PARTS:
            block = Block.objects.filter(page=page, part=part, kind='text').order_by('position', 'pk').first()
            for code in LANGUAGES if block else ():
                texts[code][part] = block.texts.get(code, {}).get('label', '')
        page.texts = texts
        page.save(update_fields=['texts'])
    Block.objects.exclude(part='content').delete()


class Migration(migrations.Migration):

    dependencies = [
        ('landingpages', '0009_page_parts'),
    ]

    operations = [
        migrations.RunPython(to_blocks, to_texts),
    ]
