/** How a lost change relates to what the new primary has now. */
export type RowClass =
  /** The row was inserted on the old primary, and the new one has no row with this key. */
  | 'missing'
  /** The new primary has what the old one had: it was done again, or it changes nothing. */
  | 'identical'
  /** The new primary has the row as it was before the lost change: it was not changed since the fork. */
  | 'stale'
  /** Both have changed the row, or the key or a unique value belongs to another row now. */
  | 'conflict'
  /** The old primary deleted the row, and the new one has it as it was at the fork. */
  | 'would-delete'
  /** The old primary deleted the row, and the new one does not have it. */
  | 'already-absent'
  /** Nothing in the WAL identifies the row. */
  | 'no-key'
  /** The table was truncated on the old primary, at this place or later. */
  | 'truncate';

export const ROW_CLASSES: readonly RowClass[] = [
  'missing',
  'identical',
  'stale',
  'conflict',
  'would-delete',
  'already-absent',
  'no-key',
  'truncate',
];
