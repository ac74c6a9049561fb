"""The environment of the tests, loaded by pytest before Django's settings: nothing of the machine's own .env."""

import os

os.environ["ENV_FILE"] = os.devnull
os.environ["DEBUG"] = "1"
os.environ["CHECK_PUBLIC_URL"] = "0"  # nobody listens there; whoever tests it says so
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in the thread of the test
SENDER = ("SENDER_NAME", "SENDER_EMAIL", "SENDER_POSTAL_ADDRESS", "PRIVACY_URL", "RETURN_PATH")
for name in ("EMAIL_URL", "PUBLIC_URL", "LINK_KEYS", "SUPPRESSION_KEY", *SENDER):
    os.environ.pop(name, None)
os.environ["SENDER_POSTAL_ADDRESS"] = "Maison Exemple, 12 rue des Lilas, 75011 Paris"
