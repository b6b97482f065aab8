import { afterEach } from 'vitest';
import { takeComplaints } from './complaints.ts';

// Runs in every test file: an answer that is not what /openapi.json says fails the test that asked for it.
afterEach(() => {
  const complaints = takeComplaints();
  if (complaints.length > 0) throw new Error(`Not as published in /openapi.json:\n${complaints.join('\n')}`);
});
