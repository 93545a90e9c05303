import type { CommentDisplayPart } from 'typedoc';

/** A doc comment as one line of Markdown, for a cell of a table. */
export function commentText(parts: readonly CommentDisplayPart[]): string {
  const text = parts
    .map((part) => {
      if (part.kind === 'inline-tag') return `\`${part.text}\``;
      return part.kind === 'code' ? part.text : part.text.replaceAll('<', '&lt;').replaceAll('{{', '&#123;{');
    })
    .join('');
  return cell(text);
}

/** Text in a cell of a table: on one line, and no bar ends it. */
export function cell(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*[-*] /g, '<br>• ')
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|');
}

/** The text of `@default`: as code if it is code, such as `5_000` or `'lax'`, and as it is if it is a sentence. */
export function defaultText(parts: readonly CommentDisplayPart[]): string {
  const text = commentText(parts);
  return /^(?:[\w.+-]+|'[^']*'|\[[^\]]*\]|\{.*\}|\([^)]*\) => .*)$/.test(text) && text !== 'none'
    ? `\`${text}\``
    : text;
}
