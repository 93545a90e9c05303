import type { Lab } from '@regionkit/lab';
import { AwsPGClient } from 'aws-advanced-nodejs-wrapper/pg';
import { CONNECTIONS, HERE, type Name, SELECT, THERE } from './setting.ts';

/** Clients of the AWS Advanced NodeJS Wrapper, split to the reader. */
export interface AwsClients {
  read(place: number, key: number): Promise<unknown>;
  close(): Promise<void>;
}

export async function openAws(lab: Lab<Name>): Promise<AwsClients> {
  const { username, password, pathname } = new URL(lab.region(HERE).connectionString);
  const [writer, reader] = [HERE, THERE].map((name) => new URL(lab.region(name as Name).adminConnectionString).port);
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = new AwsPGClient({
        user: username,
        password,
        database: pathname.slice(1),
        // Two names for one host: it tells its hosts apart by name alone.
        host: `postgres://127.0.0.1:${writer},localhost:${reader}/app`,
        port: Number(writer),
        dialect: 'pg',
        plugins: 'readWriteSplitting',
        singleWriterConnectionString: true,
      } as ConstructorParameters<typeof AwsPGClient>[0]);
      await client.connect();
      await client.setReadOnly(true);
      const { rows } = await client.query('select pg_is_in_recovery() as reader');
      if (rows[0]?.reader !== true) throw new Error('the AWS wrapper did not split to the reader');
      return client;
    }),
  );
  return {
    read: (place, key) => (clients[place] as AwsPGClient).query(SELECT, [key]),
    close: async () => {
      await Promise.all(clients.map((client: AwsPGClient) => client.end()));
    },
  };
}
