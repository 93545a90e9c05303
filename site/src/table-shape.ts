/** How a table is shown. `stacked`: each row is a block, with the name of its column before each cell. */
export type TableShape = 'table' | 'stacked' | 'stacked-on-phones';

/** Characters that fit into a line of a table: beside the sidebar and the outline, and on a phone. */
const FIT = 88;
const FIT_PHONE = 46;
/** A column of sentences is readable from this width on. */
const COMFORTABLE = 24;
/** What lies between the texts of two columns. */
const GAP = 3;

/** The shape in which a table can be read, by the text of its cells. A table of figures stays a table, and scrolls. */
export function tableShape(rows: readonly (readonly string[])[]): TableShape {
  const columns = (rows[0] ?? []).map((_, at) => rows.map((row) => row[at] ?? ''));
  const width = columns.reduce((sum, cells) => sum + widthOf(cells) + GAP, 0);
  const hasSentences = columns.some((cells) => Math.max(...cells.map((cell) => cell.length)) > COMFORTABLE);
  if (!hasSentences || width <= FIT_PHONE) return 'table';
  return width > FIT ? 'stacked' : 'stacked-on-phones';
}

function widthOf(cells: readonly string[]): number {
  const longest = Math.max(...cells.map((cell) => cell.length));
  const longestWord = Math.max(...cells.flatMap((cell) => cell.split(/\s+/).map((word) => word.length)));
  return Math.max(Math.min(longest, COMFORTABLE), Math.min(longestWord, FIT_PHONE));
}
