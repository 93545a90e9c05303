import type { TableName } from '../decode/change.ts';
import type { Session } from '../servers/session.ts';

export interface Column {
  readonly name: string;
  /** Its place in the table: it keeps this for all its life. */
  readonly number: number;
  /** The type without its modifier, as a cast takes it. */
  readonly type: string;
  readonly isGenerated: boolean;
  /** `GENERATED ALWAYS AS IDENTITY`. */
  readonly isAlwaysIdentity: boolean;
  /** Of an enum: all of its values. */
  readonly values: readonly string[] | null;
}

/** A column of a key, with the operator by which its index compares it. */
export interface KeyColumn {
  readonly name: string;
  /** The type as a cast takes it. Of a domain: the type below it, because a cast to the domain would run its CHECK. */
  readonly type: string;
  readonly equals: string;
}

/** What no look-up compares: an index that is partial, on expressions or invalid, one of nulls that count as equal, an exclusion constraint. */
export interface Uncompared {
  readonly name: string;
  /** The columns that it depends on. Empty: not known. */
  readonly columns: readonly string[];
  /** NULLS NOT DISTINCT: values that are not null are compared. */
  readonly ofNullsAlone: boolean;
}

/** A table of a server, as its catalog has it now. */
export interface Table extends TableName {
  /** It keeps this number for all its life. */
  readonly oid: string;
  /** The transaction that made it. */
  readonly madeBy: string;
  readonly columns: readonly Column[];
  /** What identifies a row in the WAL: the primary key, or the index of REPLICA IDENTITY. Empty: nothing does. */
  readonly key: readonly KeyColumn[];
  /** The columns of each unique index that is not the key, and is for all rows. */
  readonly uniques: readonly (readonly KeyColumn[])[];
  readonly uncompared: readonly Uncompared[];
  /** The partitioned table that it is a part of, at the top. */
  readonly root: TableName | undefined;
  /** Of a partition: the columns by which the tables above it are partitioned. Of an expression: none. */
  readonly partitionedBy: readonly string[];
  /** A materialized view: its rows come from other tables. */
  readonly isView: boolean;
}

/** Columns of each unique index on plain columns and all rows; of each: the operator `=` of its operator class. */
const SQL = `WITH t AS (SELECT c.oid, c.relreplident, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'm')),
  indexes AS (SELECT i.indexrelid, i.indisprimary, i.indimmediate, i.indisreplident, (SELECT json_agg(json_build_object(
      'name', a.attname, 'type', (WITH RECURSIVE base AS (SELECT a.atttypid AS oid UNION ALL
          SELECT d.typbasetype FROM base JOIN pg_type d ON d.oid = base.oid WHERE d.typtype = 'd')
        SELECT format_type(base.oid, -1) FROM base JOIN pg_type y ON y.oid = base.oid WHERE y.typtype <> 'd'),
      'equals', (SELECT format('OPERATOR(%I.%s)', o_n.nspname, o.oprname) FROM pg_opclass oc
        JOIN pg_amop am ON am.amopfamily = oc.opcfamily AND am.amoplefttype = oc.opcintype
          AND am.amoprighttype = oc.opcintype AND am.amopstrategy = 3 AND am.amopmethod = oc.opcmethod
        JOIN pg_operator o ON o.oid = am.amopopr JOIN pg_namespace o_n ON o_n.oid = o.oprnamespace
        WHERE oc.oid = (i.indclass::oid[])[(k.place - 1)::int])) ORDER BY k.place)
      FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(number, place)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
      WHERE k.place <= i.indnkeyatts) AS columns
    FROM pg_index i JOIN t ON t.oid = i.indrelid JOIN pg_class ic ON ic.oid = i.indexrelid
    JOIN pg_am m ON m.oid = ic.relam AND m.amname = 'btree'
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL)
SELECT t.oid, t.relreplident AS identity, t.relkind = 'm' AS view,
  (SELECT a.xmin FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = -1) AS made_by,
  (SELECT coalesce(json_agg(json_build_object('name', ic.relname, 'ofNullsAlone', i.indexrelid IN (SELECT indexrelid FROM indexes),
     'columns', (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0
       AND (a.attnum = ANY(i.indkey::int2[]) OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
         AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.refobjsubid = a.attnum)))
     ) ORDER BY ic.relname), '[]')
     FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
     WHERE i.indrelid = t.oid AND i.indisready AND (i.indisunique OR i.indisexclusion)
       AND (i.indnullsnotdistinct OR i.indexrelid NOT IN (SELECT indexrelid FROM indexes))) AS uncompared,
  (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'number', a.attnum, 'type', format_type(a.atttypid, -1),
     'isGenerated', a.attgenerated <> '', 'isAlwaysIdentity', a.attidentity = 'a',
     'values', (SELECT json_agg(e.enumlabel) FROM pg_enum e WHERE e.enumtypid = a.atttypid)) ORDER BY a.attnum), '[]')
     FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT coalesce(json_agg(json_build_object('primary', indisprimary, 'immediate', indimmediate,
     'identity', indisreplident, 'columns', columns)
     ORDER BY indexrelid), '[]') FROM indexes) AS indexes,
  (SELECT json_build_object('schema', n.nspname, 'name', c.relname) FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_partition_root(t.oid) AND c.oid <> t.oid) AS root,
  (SELECT coalesce(json_agg(DISTINCT a.attname), '[]') FROM pg_partition_ancestors(t.oid) AS above
     JOIN pg_partitioned_table p ON p.partrelid = above.relid AND above.relid <> t.oid
     JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = ANY(p.partattrs::int2[])) AS partitioned_by
FROM t`;

interface Index {
  readonly primary: boolean;
  /** Not DEFERRABLE. */
  readonly immediate: boolean;
  readonly identity: boolean;
  readonly columns: readonly KeyColumn[];
}

/** Undefined: there is no such table. */
async function readTable(session: Session, { schema, name }: TableName): Promise<Table | undefined> {
  const [row] = await session.query<{
    oid: string;
    made_by: string;
    uncompared: string;
    identity: string;
    view: string;
    columns: string;
    indexes: string;
    root: string | null;
    partitioned_by: string;
  }>(SQL, [schema, name]);
  if (row === undefined) return undefined;
  const indexes = JSON.parse(row.indexes) as readonly Index[];
  const key = indexes.find((index) => isKey(index, row.identity));
  return {
    schema,
    name,
    oid: row.oid,
    madeBy: row.made_by,
    columns: JSON.parse(row.columns) as readonly Column[],
    key: key?.columns ?? [],
    uniques: indexes.filter((index) => index !== key).map(({ columns }) => columns),
    uncompared: JSON.parse(row.uncompared) as readonly Uncompared[],
    root: row.root === null ? undefined : (JSON.parse(row.root) as TableName),
    partitionedBy: JSON.parse(row.partitioned_by) as readonly string[],
    isView: row.view === 't',
  };
}

/**
 * With REPLICA IDENTITY FULL the WAL has the whole row, and so its primary key. With NOTHING it has no key. It has none of a
 * DEFERRABLE primary key either: an UPDATE that changes such a key shows the new one alone.
 */
function isKey({ identity: isNamed, primary, immediate }: Index, identity: string): boolean {
  if (identity === 'i') return isNamed;
  return identity !== 'n' && primary && (immediate || identity === 'f');
}

/** The table of a server with this name. Undefined: there is none. */
export type TableOf = (name: TableName) => Promise<Table | undefined>;

/** Looks tables up, each once. */
export function createTables(session: Session): TableOf {
  const known = new Map<string, Promise<Table | undefined>>();
  return (name) => {
    const id = idOf(name);
    const found = known.get(id) ?? readTable(session, name);
    known.set(id, found);
    return found;
  };
}

export const idOf = ({ schema, name }: TableName): string => JSON.stringify([schema, name]);
