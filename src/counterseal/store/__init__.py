"""What the office keeps in its database. The only importer of the ORM."""
