"""The page where a company chooses its looks, and where its customers find them."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from reports import branding, logos
from reports.brand import nearest_readable
from reports.branding import Wanted
from tenants.audit import Actor
from tenants.models import Tenant, TenantLogo
from tenants.scope import tenant_scope
from tests.pictures import SIGNATURE, picture

pytestmark = pytest.mark.django_db
BRANDING = "/t/acme/settings/branding/"
SAVE, PREVIEW = f"{BRANDING}save/", f"{BRANDING}preview/"
FORM = {"name": "Acme", "contact": "desk@acme.example", "color": "#0b5e6b"}


def file(data, name="logo.png", kind="image/png"):
    return SimpleUploadedFile(name, data, content_type=kind)


def shown(response):
    return response.content.decode()


def of(tenant):
    with tenant_scope(tenant):
        return Tenant.objects.get(pk=tenant.pk)


@pytest.fixture
def with_logo(acme, now):
    with tenant_scope(acme):
        branding.change(acme, Actor("test"), Wanted("Acme", "", "", logos.read(picture())), now=now)
    return of(acme)


class TestThePage:
    def test_what_is_saved_is_on_the_page_and_on_the_customers(self, as_adam, acme, link):
        answer = as_adam.post(SAVE, FORM | {"logo": file(picture())})

        assert (answer.status_code, answer["Location"]) == (303, BRANDING)
        address = f"/brand/{acme.code}/logo.png?v={of(acme).logo_hash}"
        page, customers = shown(as_adam.get(BRANDING)), shown(Client().get(link[1]))
        assert 'value="Acme"' in page
        assert f'src="{address}" alt="" width="32" height="32"' in page
        assert f'src="{address}" alt="" width="32" height="32"' in customers
        assert "Delivered for Acme by Fanfold." in customers
        assert "mailto:desk@acme.example" in customers
        assert "Acme Hotels" not in customers

    def test_the_mark_of_its_own_pages_and_of_the_choice_of_companies_is_the_logo(self, as_adam, with_logo):
        for path in ("/t/acme/", "/choose/"):
            assert f"/brand/{with_logo.code}/logo.png?v={with_logo.logo_hash}" in shown(as_adam.get(path))

    @pytest.mark.parametrize(
        ("data", "name", "kind", "words"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo.png", "image/png", "no PNG, JPEG or WebP"),
            (SIGNATURE + b"<script>", "logo.png", "image/png", "damaged"),
            (b"", "logo.png", "image/png", "empty"),
            (b"\0" * 300_000, "logo.png", "image/png", "larger than 200 KB"),
        ],
    )
    def test_a_file_that_is_no_logo_is_refused_at_its_field_and_nothing_is_saved(self, as_adam, acme, data, name, kind, words):
        answer = as_adam.post(SAVE, FORM | {"logo": file(data, name, kind)})

        assert answer.status_code == 422
        assert words in shown(answer)
        assert 'aria-invalid="true"' in shown(answer)
        assert of(acme).brand_color == ""

    def test_neither_the_name_nor_the_type_that_the_browser_says_decides(self, as_adam, acme):
        as_adam.post(SAVE, FORM | {"logo": file(picture("JPEG"), "../../evil.html", "text/html")})

        assert of(acme).logo_hash

    def test_a_colour_that_fails_is_refused_and_the_nearest_is_offered_and_taken(self, as_adam, acme):
        nearest = nearest_readable("#ffee00")
        refused = as_adam.post(SAVE, FORM | {"color": "#ffee00"})

        assert refused.status_code == 422
        assert f"Use {nearest}" in shown(refused)
        used = as_adam.post(SAVE, FORM | {"color": "#ffee00", "act": "use"})
        assert f'name="color" value="{nearest}"' in shown(used)
        assert "Readable in light and dark." in shown(used)
        assert of(acme).brand_color == ""

    def test_without_script_a_button_draws_what_is_typed_and_saves_nothing(self, as_adam, acme):
        answer = as_adam.post(SAVE, FORM | {"act": "preview"})

        assert 'value="Acme"' in shown(answer)
        assert "preview.css?name=Acme" in shown(answer)
        assert of(acme).brand_name == ""

    def test_a_box_removes_the_logo(self, as_adam, acme, with_logo):
        as_adam.post(SAVE, FORM | {"without_logo": "on"})

        assert of(acme).logo_hash == ""
        with tenant_scope(acme):
            assert not TenantLogo.objects.exists()

    def test_a_viewer_sees_none_of_it(self, as_alice):
        assert as_alice.get(BRANDING).status_code == 403
        assert as_alice.post(SAVE, FORM).status_code == 403
        assert BRANDING not in shown(as_alice.get("/t/acme/"))


class TestThePreview:
    def test_what_is_typed_is_drawn_beside_the_form(self, as_adam):
        answer = shown(as_adam.post(PREVIEW, FORM | {"color": "#ffee00"}))

        assert "<html" not in answer
        assert 'id="contrast" hx-swap-oob' in answer
        assert "Too little; the limit is 4.5 to 1." in answer
        assert "color=%23ffee00" in answer

    def test_it_has_a_page_of_its_own_and_a_style_of_its_own(self, as_adam):
        page = as_adam.get(PREVIEW, FORM)
        style = as_adam.get(re.search(r'href="([^"]+preview\.css[^"]*)"', shown(page)).group(1).replace("&amp;", "&"))

        assert "Delivered for Acme by Fanfold." in shown(page)
        assert style["Content-Type"] == "text/css; charset=utf-8"
        assert shown(style).startswith(".public, .brandpreview { --brand: light-dark(#0b5e6b")

    @pytest.mark.parametrize("color", ["red;} body { display: none", "</style>", "#12345", "\0", "url(x)"])
    def test_what_is_no_colour_is_never_in_the_style(self, as_adam, color):
        plain = shown(as_adam.get(f"{BRANDING}preview.css", {"color": ""}))

        assert shown(as_adam.get(f"{BRANDING}preview.css", {"color": color})) == plain

    def test_a_name_is_text_and_no_page(self, as_adam):
        assert "<b>x" not in shown(as_adam.get(PREVIEW, FORM | {"name": "<b>x"}))


class TestThePicture:
    def test_it_is_kept_for_ever_under_its_hash_and_opens_nothing(self, with_logo):
        answer = Client().get(f"/brand/{with_logo.code}/logo.png?v={with_logo.logo_hash}")

        assert answer.content == logos.read(picture()).png
        assert answer["Content-Type"] == "image/png"
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_under_another_hash_it_is_not_kept(self, with_logo):
        for query in ("?v=old", "", "?v="):
            assert Client().get(f"/brand/{with_logo.code}/logo.png{query}")["Cache-Control"] == "no-store"

    def test_a_code_that_nobody_has_answers_as_a_company_without_a_logo(self, acme, django_assert_num_queries):
        answers = []
        for code in (acme.code, "AAAAAAAA", "x"):
            with django_assert_num_queries(6):
                answers.append(Client().get(f"/brand/{code}/logo.png?v=1"))

        assert {(answer.status_code, answer.content, answer["Cache-Control"]) for answer in answers} == {(404, b"", "no-store")}
