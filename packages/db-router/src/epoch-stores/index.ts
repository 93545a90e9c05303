export { type DynamoDbApi, type DynamoDbEpochStoreOptions, dynamoDbEpochStore } from './dynamodb.ts';
export { type EpochFile, type EpochFileOptions, epochFile } from './epoch-file.ts';
export { EpochStoreError } from './epoch-store-error.ts';
export { type ParameterEpochStoreOptions, parameterEpochStore, type SsmApi } from './parameter-store.ts';
export { type PostgresApi, type PostgresEpochStoreOptions, postgresEpochStore } from './postgres.ts';
export { type S3Api, type S3EpochStoreOptions, s3EpochStore } from './s3.ts';
