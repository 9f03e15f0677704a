"""Programs of the local stage: fetched once a checkout, checked, unpacked."""
