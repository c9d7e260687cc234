"""How a tenant's mails and its customers' pages look and read."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0003_staff_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="allow_attachments",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="tenant",
            name="brand_color",
            field=models.CharField(blank=True, help_text="#rrggbb, under white text. Empty: the portal's own.", max_length=7),
        ),
        migrations.AddField(
            model_name="tenant",
            name="language",
            field=models.CharField(
                choices=[("en", "English"), ("de", "Deutsch")], default="en", help_text="Of recipients who have none.", max_length=5
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="recipient_domains",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=253), blank=True, default=list, help_text="Empty: any.", size=None
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="reply_to",
            field=models.EmailField(blank=True, help_text="Where its customers' questions go. Empty: nowhere.", max_length=254),
        ),
        migrations.AddField(
            model_name="tenant",
            name="sender_name",
            field=models.CharField(blank=True, help_text="Empty: the tenant's name and the word Reports.", max_length=120),
        ),
    ]
