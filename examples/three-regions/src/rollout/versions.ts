import type { Release } from '../settings.ts';

/** A version as the pipeline meets it: a program, and a migration that goes before it. */
export interface Version extends Pick<Release, 'version' | 'fault'> {
  readonly says: string;
  readonly migrate: string;
  /** Undoes the migration, also if it was not done. */
  readonly undo: string;
}

const NO_MIGRATION = { migrate: 'select', undo: 'select' } as const;

export const FIRST: Version = { version: '1.0.0', says: 'what runs', ...NO_MIGRATION };

export const GOOD: Version = {
  version: '1.1.0',
  says: 'a good version, whose migration adds a column',
  migrate: 'alter table orders add column if not exists note text',
  undo: 'alter table orders drop column if exists note',
};

/** What must not get past the first region. */
export const BAD: readonly Version[] = [
  { version: '2.0.0', fault: 'crash', says: 'it crashes when it starts', ...NO_MIGRATION },
  { version: '2.0.1', fault: 'errors', says: '2 % of its answers are errors', ...NO_MIGRATION },
  { version: '2.0.2', fault: 'slow', says: 'its 99th percentile is above the limit', ...NO_MIGRATION },
  {
    version: '2.0.3',
    says: 'its migration renames a column that the previous version uses',
    migrate: 'alter table orders rename column item to article',
    undo: `do $$ begin alter table orders rename column article to item; exception when undefined_column then null; end $$`,
  },
];
