/** The title of a page: its first heading, without the marks of Markdown. */
export function titleOf(page: string): string | undefined {
  return /^# +(.+)$/m
    .exec(page)?.[1]
    ?.replace(/[`*]/g, '')
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/\\(.)/g, '$1')
    .trim();
}
