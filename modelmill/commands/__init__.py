"""The words of `mill`: one file a subject. At the top they import only typer; what they use, inside the functions."""
