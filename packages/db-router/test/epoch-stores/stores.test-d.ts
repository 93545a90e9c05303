import type { DynamoDB } from '@aws-sdk/client-dynamodb';
import type { S3 } from '@aws-sdk/client-s3';
import type { SSM } from '@aws-sdk/client-ssm';
import type { Pool } from 'pg';
import { expectTypeOf, test } from 'vitest';
import type { DynamoDbApi, PostgresApi, S3Api, SsmApi } from '../../src/epoch-stores/index.ts';

test('the real clients fit', () => {
  expectTypeOf<S3>().toExtend<S3Api>();
  expectTypeOf<DynamoDB>().toExtend<DynamoDbApi>();
  expectTypeOf<SSM>().toExtend<SsmApi>();
  expectTypeOf<Pool>().toExtend<PostgresApi>();
});
