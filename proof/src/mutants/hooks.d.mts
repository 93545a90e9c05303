interface Loaded {
  readonly format: string;
  readonly source: unknown;
}

/** What is planted; null for nothing. */
export function initialize(
  data: {
    readonly name: string;
    readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[];
  } | null,
): void;
export function load(
  url: string,
  context: object,
  nextLoad: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded>;
