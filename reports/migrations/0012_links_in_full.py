"""What links need beyond being counted: tries of a mailed code, downloads that were free, and finding all of one address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0011_courier"),
        ("tenants", "0004_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="download",
            name="is_repeat",
            field=models.BooleanField(
                db_default=False, default=False, help_text="By a link: had a moment before in the same browser, so no use was counted."
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="code_tries",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text="Since the last code was made."),
        ),
        migrations.AlterField(
            model_name="link",
            name="wrong_codes",
            field=models.PositiveSmallIntegerField(default=0, help_text="Passcodes and codes, in all its life."),
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(condition=models.Q(("email", ""), _negated=True), fields=["tenant", "email"], name="link_by_address"),
        ),
    ]
