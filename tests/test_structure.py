"""What reviews forget: imports point down, modules stay small, opt-outs change in one place, columns are declared."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from profiles import holders
from profiles.models import Profile

ROOT = settings.ROOT
APPS = ["profiles", "quarantine", "landingpages", "deliveries", "config"]
# App -> what it may import of the others; None: everything.
MAY_IMPORT = {
    "profiles": set(),
    "quarantine": {
        "profiles.actors",
        "profiles.backoffice",
        "profiles.channels",
        "profiles.fields",
        "profiles.holders",
        "profiles.listfilters",
        "profiles.paging",
        "profiles.pasting",
        "profiles.templatetags.moments",
        "profiles.timeline",
    },
    "landingpages": {"profiles"},
    "deliveries": {"profiles", "quarantine", "landingpages"},
    "config": {"profiles", "quarantine", "landingpages", "deliveries"},
}
WRITES_OPT_OUTS = {
    "profiles/consent.py",
    "profiles/storing.py",  # only looks like it: it updates the ordinary columns of an import, boxes go through consent
}
WRITERS = {"update", "create", "update_or_create", "get_or_create", "bulk_update", "bulk_create", "Profile"}


def modules(*names, migrations=False):
    """Path from the root -> syntax tree, of the product's modules."""
    paths = [path for name in names or APPS for path in sorted((ROOT / name).rglob("*.py"))]
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in paths
        if migrations or "migrations" not in path.parts
    }


def imported(tree):
    """The modules that a module imports: `from a import b` counts as a.b where that is a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports are absolute"
            for name in node.names:
                below = Path(ROOT, *f"{node.module}.{name.name}".split("."))
                is_module = below.with_suffix(".py").exists() or below.is_dir()
                yield f"{node.module}.{name.name}" if is_module else node.module or ""


def is_allowed(name, allowed):
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("app", MAY_IMPORT)
def test_imports_point_down(app):
    others = {name for name in APPS if name != app}
    upwards = [
        (path, name)
        for path, tree in modules(app).items()
        for name in imported(tree)
        if name.partition(".")[0] in others and not is_allowed(name, MAY_IMPORT[app])
    ]

    assert upwards == []


def test_what_quarantine_may_import_is_no_more_than_it_does():
    used = {name for tree in modules("quarantine").values() for name in imported(tree) if name.startswith("profiles")}

    assert used == MAY_IMPORT["quarantine"]


def test_every_app_is_on_the_list():
    own = {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in ("tests", "bench")}

    assert own == set(APPS)


def test_migrations_depend_downwards():
    found = [
        (path, node.elts[0].value)
        for path, tree in modules(migrations=True).items()
        if "/migrations/" in path
        for node in ast.walk(tree)
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and all(isinstance(one, ast.Constant) for one in node.elts)
        if node.elts[0].value in APPS and node.elts[0].value != path.partition("/")[0]
    ]

    assert [
        (path, app)
        for path, app in found
        if not is_allowed(app, {name.partition(".")[0] for name in MAY_IMPORT[path.partition("/")[0]]})
    ] == []


def test_no_model_is_reached_by_its_name():
    """A string instead of an import would hide that it points upwards; within an app it only says "not yet defined"."""
    hidden = []
    for path, tree in modules().items():
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            if called == "get_model" or (called in ("ForeignKey", "OneToOneField", "ManyToManyField") and "." in str(first)):
                hidden.append((path, node.lineno))

    assert hidden == []


def test_relations_point_down():
    upwards = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in APPS
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model._meta.app_label in APPS
        if (target := field.related_model._meta.app_label) != model._meta.app_label
        and target not in {name.partition(".")[0] for name in MAY_IMPORT[model._meta.app_label]}
    ]

    assert upwards == []


def test_no_reverse_accessor_leads_upwards():
    """`profile.messages` would let the lowest app write about the highest without an import."""
    accessors = [
        f"{field.related_model._meta.label}.{name}"
        for model in apps.get_models()
        if model._meta.app_label in APPS
        for field in model._meta.related_objects
        if (name := field.get_accessor_name()) and field.related_model._meta.app_label != model._meta.app_label
    ]

    assert accessors == []


def test_imports_stand_at_the_top():
    """AppConfig.ready() has to import late; anywhere else it means that a module is in the wrong layer."""
    late = [
        path
        for path, tree in modules().items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert [path for path in late if Path(path).name != "apps.py"] == []


def test_no_module_is_long():
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_no_module_is_called_after_nothing():
    vague = {"utils", "helpers", "common", "managers", "services", "misc", "tools", "signals"}

    assert [path for path in modules() if {Path(path).stem, Path(path).parent.name} & vague] == []


def writes_opt_outs(tree):
    """Whether a module sets an opt-out column: by keyword, by attribute, by setattr, by ** or by SQL."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    knows_columns = bool(names & {"OPT_OUT_FIELDS", "opt_out_field"})
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="bulkrows")), args=[ast.Name(id="Profile"), *_rest]) if (
                node.func.attr in ("insert", "update")
            ):
                return True
            case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called), keywords=keywords) if called in WRITERS:
                if any(str(word.arg).startswith("opted_out") or (word.arg is None and knows_columns) for word in keywords):
                    return True
            case ast.Call(func=ast.Name(id="setattr")) if knows_columns:
                return True
            case ast.Assign(targets=targets) if any(
                isinstance(one, ast.Attribute) and one.attr.startswith("opted_out") for one in targets
            ):
                return True
            case ast.AugAssign(target=ast.Attribute(attr=name)) if name.startswith("opted_out"):
                return True
            case ast.Constant(value=str(text)) if "profiles_profile" in text and "UPDATE" in text.upper():
                return True
    return False


def test_opt_outs_are_written_in_one_place():
    assert {path for path, tree in modules().items() if writes_opt_outs(tree)} == WRITES_OPT_OUTS


@pytest.mark.parametrize(
    "source",
    [
        "Profile.objects.update(opted_out_email=False)",
        "Profile.objects.filter(pk=1).update(**{channel.opt_out_field: True})",
        "profile.opted_out_all = True",
        "profile.opted_out_all |= True",
        "setattr(profile, OPT_OUT_FIELDS[scope], False)",
        "Profile(opted_out_sms=True)",
        "bulkrows.insert(Profile, ['opted_out_all'], rows, {})",
        "bulkrows.update(Profile, ['opted_out_all'], rows, more='', parameters=[])",
        "cursor.execute('update profiles_profile set opted_out_all = true')",
    ],
)
def test_writing_an_opt_out_elsewhere_would_be_found(source):
    assert writes_opt_outs(ast.parse(source))


def test_opt_outs_are_in_no_form():
    """Neither the admin nor a ModelForm may bind them: what they save passes by the ledger."""
    fields = [field for field in apps.get_model("profiles", "Profile")._meta.fields if field.name.startswith("opted_out")]

    assert [field.name for field in fields if field.editable] == []
    assert len(fields) == 5


# Every text column, by what it may say about a person. A new one has to be put on a list: erasure, access and logs
# depend on it.
PERSONAL = {
    "profiles.Profile": "first_name last_name first_name_folded last_name_folded preferred_language email mobile street "
    "postal_code city country public_id external_id title middle_name gender time_zone email_domain email_format phone fax "
    "street_2 state custom",
    "profiles.ConsentEvent": "wording detail request_id ip",
    "quarantine.QuarantinedAddress": "address error_text",
    "deliveries.Message": "address outcome provider_id",
    "deliveries.ExcludedAddress": "address",
    "deliveries.ProofMail": "address label reason",
    "profiles.ProfileAlias": "former_public_id",
    "profiles.PendingChange": "public_id address fields choices services evidence",
    "profiles.Notice": "address reason",
    "landingpages.Submission": "data detail ip changed request_id",
}
ABOUT_OPERATORS = {
    "profiles.Profile": "created_by modified_by",
    "profiles.ProfileAlias": "merged_by",
    "profiles.SavedAudience": "created_by modified_by",
    "profiles.ConsentEvent": "by",
    "profiles.Erasing": "erased_by",
    "profiles.ImportJob": "created_by started_by",
    "quarantine.QuarantinedAddress": "modified_by",
    "deliveries.Delivery": "created_by sender_name sender_email",
    "deliveries.Preparation": "created_by content",
    "deliveries.PreparationLog": "text values",
    "deliveries.Typology": "modified_by",
    "deliveries.TypologyRule": "modified_by",
    "deliveries.ExcludedAddress": "created_by",
    "deliveries.ExcludedDomain": "created_by",
    "deliveries.Proof": "created_by content",
    "deliveries.TestProfile": "label email mobile title first_name last_name gender preferred_language email_format street "
    "postal_code city country",
    "landingpages.LandingPage": "created_by modified_by archived_by",
    "landingpages.ScheduledPublication": "scheduled_by",
    "landingpages.PublishedVersion": "published_by",
    "landingpages.Image": "uploaded_by",
    "landingpages.SharedBlock": "modified_by",
    "landingpages.PageState": "by",
}
NOT_PERSONAL = {
    "profiles.Brand": "label light_accent light_button_text light_page light_text dark_accent dark_button_text dark_page "
    "dark_text postal_address privacy_url",
    "profiles.Logo": "digest media_type",
    "profiles.SuppressedHash": "channel",
    "profiles.Erasing": "event_ids",
    "profiles.CustomField": "key label type options",
    "profiles.ImportJob": "file_name key encoding delimiter header fields status expected why language worker",
    "profiles.Freezing": "worker error",
    "profiles.SavedAudience": "label description kind tree",
    "profiles.Service": "label public_label description channel validity_unit subscribed_message unsubscribed_message texts",
    "profiles.ConsentEvent": "scope service_label source page_label delivery_label",
    "quarantine.QuarantinedAddress": "channel status reason delivery_label",
    "deliveries.Delivery": "label channel subject html text audience status tracking control_group content_mode blocks "
    "time_zone waves rate_unit",
    "deliveries.Typology": "label code description",
    "deliveries.TypologyRule": "label code kind channel level description criteria parameters",
    "deliveries.ExcludedAddress": "channel",
    "deliveries.ExcludedDomain": "domain",
    "deliveries.Withheld": "exclusion detail",
    "deliveries.BlockStep": "blocks",
    "deliveries.Proof": "kind request_key prefix",
    "deliveries.ProofMail": "public_id status",
    "deliveries.DomainLimit": "domain",
    "deliveries.DomainMinute": "domain",
    "deliveries.TrackedLink": "url",
    "deliveries.TrackingEvent": "kind",
    "deliveries.Preparation": "status audience rules worker",
    "deliveries.ExclusionCause": "exclusion detail",
    "deliveries.Share": "kind value",
    "deliveries.Shift": "before after",
    "deliveries.Message": "exclusion detail status",
    "deliveries.Batch": "status worker",
    "deliveries.PreparationLog": "level",
    "profiles.PendingChange": "source",
    "profiles.Notice": "kind channel page_slug language status confirms",
    "landingpages.LandingPage": "label slug type status reconciliation_key key_mapping on_match redirection_url texts "
    "specific_action served additional_data embed_origins message message_texts description time_zone",
    "landingpages.ScheduledPublication": "content reason",
    "landingpages.Block": "key part kind field texts options visible_when",
    "landingpages.Image": "digest type name",
    "landingpages.SharedBlock": "label texts",
    "landingpages.PublishedVersion": "content",
    "landingpages.PageState": "content",
    "landingpages.Submission": "language status kind confirmation_id",
}


STAYS_AFTER_ERASURE = {"profiles.Erasing"}  # the record that there was one


def names_a_profile(field):
    return field.name in ("profile", "profile_id") or (field.is_relation and field.related_model is Profile)


def test_every_model_that_knows_a_person_has_a_holder():
    """Erasure, access requests and merges reach what is registered, and nothing else."""
    about_people = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.label in PERSONAL or any(names_a_profile(field) for field in model._meta.concrete_fields)
    }
    answered_for = {model._meta.label for holder in holders.registered() for model in holder.models}

    assert about_people - answered_for == STAYS_AFTER_ERASURE
    # The history of the back office names people by what operators did to them, an import by its files.
    assert sorted(answered_for - about_people) == ["admin.LogEntry", "profiles.ImportJob"]


def test_a_model_has_one_holder():
    models_of = [model._meta.label for holder in holders.registered() for model in holder.models]

    assert len(models_of) == len(set(models_of))


def declared(*lists):
    return sorted(f"{label}.{name}" for one in lists for label, names in one.items() for name in names.split())


def test_every_text_column_is_declared_personal_or_not():
    texts = (
        models.CharField,
        models.TextField,
        models.JSONField,
        models.UUIDField,
        models.GenericIPAddressField,
        models.FileField,
    )
    columns = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in APPS
        for field in model._meta.concrete_fields
        if isinstance(field, texts)
    ]

    assert sorted(columns) == declared(PERSONAL, ABOUT_OPERATORS, NOT_PERSONAL)
