const PEM = /^-----BEGIN (?<label>[A-Z0-9 ]{1,40})-----(?<body>[^-]*)-----END \k<label>-----$/;

/** Removes the quotes that an `.env` file or a shell left around a text. */
export function unquoted(text: string): string {
  const plain = text.trim();
  const quote = plain[0];
  const isQuoted = plain.length > 1 && (quote === '"' || quote === "'") && plain.endsWith(quote);
  return isQuoted ? plain.slice(1, -1).trim() : plain;
}

/**
 * Restores a PEM that went through an environment variable or a YAML file: removes quotes and indentation, and restores
 * line breaks that were written as `\n`, as spaces or not at all. Returns any other text unchanged, so that the parser
 * reports what is wrong with it.
 */
export function tidyPem(text: string): string {
  const plain = unquoted(text)
    .replaceAll(/\\r|\\n/g, '\n')
    .trim();
  const { label, body } = PEM.exec(plain)?.groups ?? {};
  if (label === undefined || body === undefined) return plain;
  const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join('\n');
}
