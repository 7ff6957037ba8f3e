const QUERY = `# Everything the index knows. Ctrl-Enter runs,
# Ctrl-Space completes, the book shows the schema.
# Lists take first (1 to 200), after (an id) and order.
# Amounts are text, in base units of their token.
{
  _meta { block { number hash } }
  modules(order: NEWEST, first: 10) {
    id
    name
    author
    versions {
      id
      semver
      cid
      splits { account ppm upstream { id } }
    }
  }
}
`;

if (window.GraphiQL) {
  const fetcher = GraphiQL.createFetcher({ url: "/graphql" });
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  root.render(React.createElement(GraphiQL, { fetcher, defaultQuery: QUERY }));
}
