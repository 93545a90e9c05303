export * from '@regionkit/db-router/testing';
