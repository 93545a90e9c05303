/**
 * A library that takes a pool of the router, or the router, for the options of a connection would find no host, connect
 * to its default one, and write there without an error. A library that has loaded another copy of `pg` does so, too: it
 * does not recognise a pool of this copy.
 *
 * So both refuse to be read as options. Every library reads `password`. Where Sequelize expects the limits of a pool, it
 * reads `evict`. Neither is listed among the fields, so printing, comparing or copying the object reads neither. What a copy
 * of a pool contains is `host`.
 */
export function refuseAsOptions(): never {
  throw new TypeError(
    `${TAKEN}. Give a pool where the library expects a pool (docs/orms.md). If you do, the library has loaded another copy of pg: see \`npm ls pg\`, and install one version`,
  );
}

const TAKEN = 'a pool of the router, or the router, was used as the options of a connection';

/** A host that leads nowhere. `pg` takes it for the folder of a socket, so the error of the connection contains it. */
export const NO_HOST = '/a pool of the router was used as the options of a connection';
