from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from counterseal.store.ledger_triggers import lift_triggers, set_triggers, standing_guard


def guard(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    set_triggers(editor.connection, standing_guard())


def lift(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    lift_triggers(editor.connection, standing_guard())


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0007_safeguards_until'),
    ]

    operations = [
        migrations.RunPython(guard, lift),
    ]
