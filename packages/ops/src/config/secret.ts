/** A value that may be a secret. In a JSON file write `{ "env": "NAME" }`: the value of that environment variable. */
export type Secret = string | { readonly env: string };
