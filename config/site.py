"""The back office's shell: menu, profile tabs and home page. It may know every app."""

from typing import Any

from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.translation import gettext_lazy as _


def _entry(title: Any, icon: str, url_name: str, permission: str, *paths: str, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """An entry of the menu; it is the current one on its own page, and below `paths` except below `but`."""
    url = reverse(url_name)

    def is_current(request: HttpRequest) -> bool:
        below = any(request.path.startswith(path) for path in (url, *paths))
        return below and not request.path.startswith(but)

    return {
        "title": title,
        "icon": icon,
        "link": url,
        "permission": lambda request: request.user.has_perm(permission),
        "active": is_current,
    }


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: people, what is sent to them, what must not be written to, who operates."""
    home = reverse("admin:index")
    return [
        {
            "items": [
                {"title": _("Home"), "icon": "home", "link": home, "active": lambda request: request.path == home},
                _entry(
                    _("Profiles"),
                    "group",
                    "admin:profiles_profile_changelist",
                    "profiles.view_profile",
                    "/admin/profiles/",
                    but=(reverse("admin:profiles_service_changelist"), reverse("admin:profiles_customfield_changelist")),
                ),
                _entry(_("Audiences"), "filter_alt", "profiles:audiences", "profiles.view_savedaudience"),
                _entry(
                    _("Services"), "newspaper", "admin:profiles_service_changelist", "profiles.view_service", "/admin/services/"
                ),
                _entry(_("Landing pages"), "web", "landingpages:list", "landingpages.view_landingpage"),
                _entry(_("Brands"), "palette", "profiles:brands", "profiles.view_brand"),
                _entry(_("Deliveries"), "send", "deliveries:list", "deliveries.view_delivery"),
                _entry(
                    _("Quarantine"),
                    "block",
                    "admin:quarantine_quarantinedaddress_changelist",
                    "quarantine.view_quarantinedaddress",
                    "/admin/quarantine/",
                ),
            ]
        },
        {
            "title": _("Administration"),
            "separator": True,
            "items": [
                _entry(_("Test profiles"), "labs", "admin:deliveries_testprofile_changelist", "deliveries.view_testprofile"),
                _entry(_("Limits of domains"), "speed", "admin:deliveries_domainlimit_changelist", "deliveries.view_domainlimit"),
                _entry(_("Custom fields"), "edit_note", "admin:profiles_customfield_changelist", "profiles.view_customfield"),
                _entry(_("Typologies"), "rule", "deliveries:typologies", "deliveries.view_typology"),
                _entry(
                    _("Excluded addresses"), "alternate_email", "deliveries:excluded_addresses", "deliveries.view_excludedaddress"
                ),
                _entry(_("Excluded domains"), "domain_disabled", "deliveries:excluded_domains", "deliveries.view_excludeddomain"),
                _entry(_("Operators"), "badge", "admin:auth_user_changelist", "auth.view_user"),
                _entry(_("Groups"), "groups", "admin:auth_group_changelist", "auth.view_group"),
            ],
        },
    ]


PROFILE_TABS = [
    (_("General"), "admin:profiles_profile_change", "profiles.view_profile"),
    (_("Consent history"), "profiles:consent_history", "profiles.view_consentevent"),
    (_("Subscriptions"), "profiles:subscriptions", "profiles.view_subscription"),
    (_("Sending log"), "deliveries:profile_sending_log", "deliveries.view_delivery"),
    (_("Exclusion log"), "deliveries:profile_exclusion_log", "deliveries.view_delivery"),
    (_("Tracking log"), "deliveries:profile_tracking_log", "deliveries.view_delivery"),
    (_("Marketing history"), "profiles:marketing_history", "profiles.view_profile"),
]


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The tabs of a profile: each log is a page of the app that owns it."""
    profile = _profile_in_path(request)
    if profile is None:
        return []
    items = []
    for title, url_name, permission in PROFILE_TABS:
        url = reverse(url_name, args=[profile])
        allowed = request.user.has_perm(permission)
        items.append({"title": title, "link": url, "active": request.path == url, "permission": lambda _, yes=allowed: yes})
    return [{"page": "profile", "models": [{"name": "profiles.profile", "detail": True}], "items": items}]


def _profile_in_path(request: HttpRequest) -> str | None:
    match = resolve(request.path)
    if match.url_name == "profiles_profile_change":
        return str(match.kwargs["object_id"])
    known = {url_name for _title, url_name, _permission in PROFILE_TABS}
    return str(match.kwargs["profile_id"]) if match.view_name in known else None
