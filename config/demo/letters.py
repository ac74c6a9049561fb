"""What the two demo deliveries say: one content for readers of French and of English."""

HTML = """\
<!doctype html>
<html lang="{{ profile.language | default: 'en' }}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <style>
    @media (prefers-color-scheme: dark) {
      body, .page { background: #16211f !important; color: #e8efec !important; }
      .sheet { background: #1f2d2a !important; }
      h1, a { color: #8fd3c3 !important; }
      .foot { color: #a9bab5 !important; border-color: #3b4d48 !important; }
    }
    @media (max-width: 480px) { .sheet { padding: 24px 20px !important; } }
  </style>
</head>
<body style="margin: 0; background: #eef3f1; color: #22302d;">
  <div class="page" style="padding: 24px 12px; background: #eef3f1; font: 16px/1.6 Georgia, 'Times New Roman', serif;">
    <div class="sheet" style="max-width: 560px; margin: 0 auto; padding: 36px 40px; background: #ffffff; border-radius: 8px;">
      <p style="margin: 0 0 24px; font: 13px/1.4 Arial, sans-serif; letter-spacing: .08em;">MAISON EXEMPLE</p>
{% if profile.language == "fr" %}FRENCH{% else %}ENGLISH{% endif %}
      <p class="foot" style="margin: 40px 0 0; padding-top: 16px; border-top: 1px solid #ccd8d4; color: #52645f;
          font: 13px/1.6 Arial, sans-serif;">
        {{ sender.postal_address }}<br>
        {% if profile.language == "fr" %}Vous recevez ce message à {{ profile.email }}.<br>
        <a href="{{ preferences_url }}" style="color: #12655a;">Vos préférences</a> ·
        <a href="{{ unsubscribe_url }}" style="color: #12655a;">Ne plus recevoir nos messages</a> ·
        <a href="{{ blocklist_url }}" style="color: #12655a;">Ne plus rien recevoir</a>
        {% else %}You receive this message at {{ profile.email }}.<br>
        <a href="{{ preferences_url }}" style="color: #12655a;">Your preferences</a> ·
        <a href="{{ unsubscribe_url }}" style="color: #12655a;">Unsubscribe</a> ·
        <a href="{{ blocklist_url }}" style="color: #12655a;">Nothing any more</a>{% endif %}
      </p>
    </div>
  </div>
</body>
</html>
"""
HEADING = '      <h1 style="margin: 0 0 20px; color: #12655a; font: bold 28px/1.25 Georgia, serif;">{}</h1>'
PROGRAMME = '<a href="https://example.org/" style="color: #12655a;">{}</a>'
FRENCH_GREETING = "Bonjour{% if profile.first_name != blank %} {{ profile.first_name }}{% endif %},"
ENGLISH_GREETING = "Hello{% if profile.first_name != blank %} {{ profile.first_name }}{% endif %},"


def _letter(french: tuple[str, ...], english: tuple[str, ...]) -> str:
    return HTML.replace("FRENCH", _body(*french)).replace("ENGLISH", _body(*english))


def _body(heading: str, *paragraphs: str) -> str:
    lines = [HEADING.format(heading), *(f"      <p>{paragraph}</p>" for paragraph in paragraphs)]
    return "\n" + "\n".join(lines) + "\n"


SPRING = {
    "label": "Spring news",
    "sender_name": "Maison Exemple",
    "subject": '{% if profile.language == "fr" %}Le jardin rouvre samedi{% else %}The garden opens on Saturday{% endif %}',
    "html": _letter(
        (
            "Le jardin rouvre samedi",
            FRENCH_GREETING,
            (
                "les poiriers sont en fleur et la serre est de nouveau ouverte. Samedi de 10 h à 18 h, nous vous montrons ce qui "
                "a poussé pendant l’hiver : quarante variétés de tomates, un rucher, et un banc au soleil."
            ),
            (
                "Venez avec vos boutures : nous les échangeons contre les nôtres. Les enfants plantent, le café est offert. "
                f"{PROGRAMME.format('Le programme de la journée')}"
            ),
            "À samedi !",
        ),
        (
            "The garden opens on Saturday",
            ENGLISH_GREETING,
            (
                "the pear trees are in blossom and the glasshouse is open again. On Saturday from 10 to 6 we show you what grew "
                "over the winter: forty kinds of tomatoes, a beehive, and a bench in the sun."
            ),
            (
                "Bring your cuttings: we swap them for ours. Children plant, and the coffee is on us. "
                f"{PROGRAMME.format('The programme of the day')}"
            ),
            "See you on Saturday!",
        ),
    ),
}
WINTER = {
    "label": "Winter news",
    "sender_name": "Maison Exemple",
    "subject": '{% if profile.language == "fr" %}Au coin du feu{% else %}By the fireside{% endif %}',
    "html": _letter(
        (
            "Au coin du feu",
            FRENCH_GREETING,
            (
                "la serre dort, la bibliothèque est chauffée. Chaque jeudi de janvier, quelqu’un du voisinage lit une heure à "
                "voix haute ; la soupe est sur le poêle."
            ),
            "Les graines pour le printemps sont triées : écrivez-nous celles que vous voulez.",
        ),
        (
            "By the fireside",
            ENGLISH_GREETING,
            (
                "the glasshouse is asleep and the library is warm. Every Thursday in January a neighbour reads aloud for an "
                "hour; there is soup on the stove."
            ),
            "The seeds for spring are sorted: write and tell us which you would like.",
        ),
    ),
}
