import type { Kysely, KyselyPlugin, OperationNode } from 'kysely';

const marked = new WeakSet<OperationNode>();

const MARK: KyselyPlugin = {
  transformQuery: ({ node }) => {
    marked.add(node);
    return node;
  },
  transformResult: async ({ result }) => result,
};

export function isMarked(node: OperationNode): boolean {
  return marked.has(node);
}

/**
 * The same database, and every statement of it counts as a read: also raw SQL, and a select that calls a function that
 * the dialect does not know. A standby refuses a statement that writes after all; then it runs on the primary.
 *
 * @example
 * ```ts
 * const { rows } = await sql`SELECT * FROM monthly_report(${month})`.execute(asReads(db));
 * ```
 */
export function asReads<Database>(db: Kysely<Database>): Kysely<Database> {
  return db.withPlugin(MARK);
}
