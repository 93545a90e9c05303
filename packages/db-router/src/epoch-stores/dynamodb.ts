import { check } from '@regionkit/core/kit';
import type { EpochStore } from '../history/epoch-store.ts';
import { awsFailureOf } from './aws-failure.ts';
import { readTimeout } from './timeout.ts';
import { versionedStore } from './versioned-store.ts';

interface Attribute {
  readonly S?: string | undefined;
}

/** What is used of the class `DynamoDB` of `@aws-sdk/client-dynamodb`. */
export interface DynamoDbApi {
  getItem(
    input: { TableName: string; Key: Record<string, { S: string }>; ConsistentRead: true },
    options: { abortSignal: AbortSignal },
  ): Promise<{ Item?: Readonly<Record<string, Attribute>> | undefined }>;
  putItem(
    input: {
      TableName: string;
      Item: Record<string, { S: string }>;
      ConditionExpression: string;
      ExpressionAttributeNames: Record<string, string>;
      ExpressionAttributeValues?: Record<string, { S: string }>;
    },
    options: { abortSignal: AbortSignal },
  ): Promise<object>;
}

export interface DynamoDbEpochStoreOptions {
  /** `new DynamoDB({ region, … })` of `@aws-sdk/client-dynamodb`. The app keeps it, and ends it. */
  readonly client: DynamoDbApi;
  readonly table: string;
  /** The partition key of the table, a string. The table has no sort key. @default 'name' */
  readonly keyAttribute?: string;
  /** Which item. @default 'regionkit-epoch' */
  readonly key?: string;
  /** A call that takes longer has failed, with all attempts of the SDK. In milliseconds. @default 1_500 */
  readonly timeoutMs?: number;
}

/** Where the item has its value. */
const VALUE = 'epoch';
/** The version of an item whose value is missing, or no text. */
const NO_TEXT = '-';
const versionOf = (text: string): string => `+${text}`;

/**
 * An item in one DynamoDB table that all regions share, replaced by conditional writes and read consistently.
 *
 * Every process must use the table of the same region. A global table with eventual consistency checks conditions in each region
 * for itself, and its last writer wins; one with strong consistency may be used in every region. Needs `dynamodb:GetItem` and
 * `dynamodb:PutItem`.
 *
 * @example
 * ```ts
 * const epoch = dynamoDbEpochStore({ client: new DynamoDB({ region: 'eu-central-1' }), table: 'shop-epochs' });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function dynamoDbEpochStore(options: DynamoDbEpochStoreOptions): EpochStore {
  check.object('dynamoDbEpochStore: options', options, ['client', 'table', 'keyAttribute', 'key', 'timeoutMs']);
  const client = check.methods('dynamoDbEpochStore: client', options.client, ['getItem', 'putItem']);
  const TableName = check.string('dynamoDbEpochStore: table', options.table);
  const keyAttribute = check.string('dynamoDbEpochStore: keyAttribute', options.keyAttribute ?? 'name');
  if (keyAttribute === VALUE) throw new RangeError(`dynamoDbEpochStore: keyAttribute must not be ${VALUE}`);
  const Key = { [keyAttribute]: { S: check.string('dynamoDbEpochStore: key', options.key ?? 'regionkit-epoch') } };
  return versionedStore('dynamoDbEpochStore', readTimeout('dynamoDbEpochStore', options), {
    read: async (abortSignal) => {
      const { Item } = await client.getItem({ TableName, Key, ConsistentRead: true }, { abortSignal });
      if (Item === undefined) return undefined;
      const value = Item[VALUE]?.S;
      // An item without a text is as one with a text that no router reads.
      return { value: value ?? '', version: value === undefined ? NO_TEXT : versionOf(value) };
    },
    write: async (value, version, abortSignal) => {
      const condition = version === undefined ? isAbsent(keyAttribute) : isStill(version);
      await client.putItem({ TableName, Item: { ...Key, [VALUE]: { S: value } }, ...condition }, { abortSignal });
      return versionOf(value);
    },
    failureOf: awsFailureOf,
  });
}

function isAbsent(keyAttribute: string) {
  return { ConditionExpression: 'attribute_not_exists(#key)', ExpressionAttributeNames: { '#key': keyAttribute } };
}

function isStill(version: string) {
  const isText = version !== NO_TEXT;
  return {
    ConditionExpression: isText ? '#value = :before' : 'NOT attribute_type(#value, :before)',
    ExpressionAttributeNames: { '#value': VALUE },
    ExpressionAttributeValues: { ':before': { S: isText ? version.slice(1) : 'S' } },
  };
}
