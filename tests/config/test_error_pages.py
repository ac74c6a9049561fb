"""What people see when something is missing, refused or broken."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.views.defaults import server_error

HOME = 'href="/admin/"'


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/u/", "/u/a/b/", "/nothing"])
def test_who_is_not_logged_in_is_shown_no_way_to_the_back_office(client, path):
    response = client.get(path)

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    assert "admin" not in response.content.decode()


def test_an_operator_finds_the_way_home(backoffice):
    response = backoffice.get("/nothing")

    assert (response.status_code, HOME in response.content.decode()) == (404, True)


def test_who_lacks_a_right_is_told_whom_to_ask(client, db):
    client.force_login(User.objects.create_user("ben", is_staff=True))

    response = client.get(reverse("deliveries:add"))

    assert response.status_code == 403
    assert "Ask an administrator" in response.content.decode()
    assert HOME in response.content.decode()


def test_a_form_that_is_too_old_changes_nothing_and_says_so(operator):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)

    response = strict.post(reverse("admin:logout"))

    assert response.status_code == 403
    assert "This form is too old" in response.content.decode()
    assert strict.get(reverse("admin:index")).status_code == 200


def test_a_broken_server_answers_without_database_context_and_files(rf):
    page = server_error(rf.get("/")).content.decode()

    assert "Something went wrong" in page
    assert "/static/" not in page
