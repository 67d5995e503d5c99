"""Write Python from schema documents."""
