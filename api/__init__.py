"""GraphQL over the index, the content gateway, health, and the page that shows the journey."""
