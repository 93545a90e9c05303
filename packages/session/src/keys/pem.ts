const PEM = /^-----BEGIN (?<label>[A-Z0-9 ]{1,40})-----(?<body>[^-]*)-----END \k<label>-----$/;

/** Without the quotes that an `.env` file or a shell left around it. */
export function unquoted(text: string): string {
  const plain = text.trim();
  const quote = plain[0];
  const isQuoted = plain.length > 1 && (quote === '"' || quote === "'") && plain.endsWith(quote);
  return isQuoted ? plain.slice(1, -1).trim() : plain;
}

/**
 * A PEM as it was before an environment variable or a YAML file had it: quotes around it, `\n` spelled out, spaces or
 * nothing in place of line breaks, indented lines. Anything else is given back as it is, to be refused for what it is.
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
