"""The API's pages, made of its OpenAPI document: what they say is what the code takes and answers."""
