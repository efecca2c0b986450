from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0006_agency_interface'),
    ]

    operations = [
        migrations.AddField(
            model_name='agency',
            name='safeguards_until',
            field=models.DateField(blank=True, null=True),
        ),
    ]
