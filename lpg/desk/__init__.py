"""What every page of the desk is built from. Above the audit log, because each entry's page shows its history."""
