"""`/mcp`: the documents as tools and resources of agents (Model Context Protocol, streamable HTTP)."""
