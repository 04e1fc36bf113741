// Teaches: a load test that verifies what it gets, with weighted scenarios.
//
// The service is Kinto, a JSON store (https://docs.kinto-storage.org). Each
// virtual user keeps tasks in a collection of its own: it adds some, browses
// them, and now and then walks through all that a client relies on: ETags,
// preconditions, tombstones. An answer that is wrong fails the iteration just
// as one that does not come.
//
//   plimsoll size examples/kinto/loadtest.js --demo
//   SERVER_URL=https://kinto.example.org/v1 plimsoll run examples/kinto/loadtest.js --vus 4 --duration 10s
//
// KINTO_AUTH=name:password says who asks (user:pass without it; empty: nobody).

import { afterVU, beforeAll, beforeVU, check, fail, scenario, sleep } from 'plimsoll'
import http from 'plimsoll/http'

export const options = { vus: 4, duration: '10s' }

const auth = __ENV.KINTO_AUTH ?? 'user:pass'
const server = (__ENV.SERVER_URL || 'http://127.0.0.1:8888/v1')
  .replace(/\/$/, '')
  .replace('://', () => (auth ? `://${auth}@` : '://')) // the address carries the basic auth

const KEEP = 20 // tasks of a virtual user: lists stay equally long, however long the test
const PAGE = 10

// Each virtual user runs this script by itself, so these are its own.
let collection
let records
const tasks = [] // ids, the oldest at `oldest`
let oldest = 0
let verified = 0

// Requests are counted by method and name: without a name, each id would be an endpoint of its own.
const COLLECTION = { tags: { name: 'collection' } }
const RECORDS = { tags: { name: 'records' } }
const RECORD = { tags: { name: 'record' } }
const SINCE = { tags: { name: 'records since' } }
const CREATE = { ...RECORD, headers: { 'If-None-Match': '*' } }

beforeAll(() => ({ run: Date.now().toString(36) })) // no two runs share a collection

beforeVU(({ vu, data }) => {
  collection = `${server}/buckets/default/collections/tasks-${data.run}-${vu}`
  records = `${collection}/records`
  const res = http.put(collection, null, COLLECTION)
  if (res.status !== 201 && res.status !== 200) fail(`no collection for this user: ${describe(res)}`)
  return { headers: { 'Content-Type': 'application/json' } } // with each request of this user
})

afterVU(() => {
  for (let tries = 0; tries < 5; tries++) {
    const { status } = http.del(collection, null, COLLECTION)
    if (status === 200 || status === 404) return
    sleep(0.2)
  }
})

// Two requests: write a task, read it back. Once there are KEEP, the oldest is replaced.
scenario('add', { weight: 2 }, () => {
  const task = newTask()
  const full = tasks.length === KEEP
  const res = full
    ? http.put(`${records}/${tasks[oldest]}`, JSON.stringify({ data: task }), RECORD)
    : http.post(records, JSON.stringify({ data: task }), RECORDS)
  const stored = answer('written', res, full ? 200 : 201)
  if (!stored) return
  const good = check(stored, {
    'echoes the task': ({ data }) => data.description === task.description && data.status === task.status,
    'grants us to write': ({ permissions }) => permissions.write.length > 0,
    'has its ETag': ({ data }) => etag(res) === `"${data.last_modified}"`,
  })
  if (!good) return
  if (full) oldest = (oldest + 1) % KEEP
  else tasks.push(stored.data.id)

  const again = http.get(`${records}/${stored.data.id}`, RECORD)
  const read = answer('read back', again, 200)
  if (!read) return
  check(read, {
    'reads back the same': ({ data }) => data.description === task.description && etag(again) === etag(res),
  })
})

// Two requests: the newest tasks, then what changed since: nothing, as nobody else writes here.
scenario('browse', { weight: 7 }, () => {
  const res = http.get(`${records}?_limit=${PAGE}`, RECORDS)
  const list = answer('list', res, 200)
  if (!list) return
  const good = check(list.data, {
    'lists our tasks': (data) => data.length >= Math.min(PAGE, tasks.length) && data.length <= PAGE,
    'newest first': (data) => data.every((task, i) => i === 0 || task.last_modified < data[i - 1].last_modified),
    'the ETag covers them': (data) => data.length === 0 || number(etag(res)) >= data[0].last_modified,
  })
  if (!good) return
  const news = answer('since', http.get(since(etag(res)), SINCE), 200)
  if (!news) return
  check(news.data, { 'no news': (data) => data.length === 0 })
})

// Eight requests: one record from its creation to its tombstone.
scenario('verify', { weight: 1 }, () => {
  const record = `${records}/verify-${++verified}`
  const id = `verify-${verified}`
  const task = newTask()

  if (!answer('create', http.put(record, JSON.stringify({ data: task }), CREATE), 201)) return

  const listing = http.get(`${records}?_limit=${PAGE}`, RECORDS)
  const list = answer('list', listing, 200)
  if (!list || !check(list.data, { 'it is the newest': ([newest]) => newest?.id === id })) return
  const before = etag(listing)

  const none = answer('since', http.get(since(before), SINCE), 200)
  if (!none || !check(none.data, { 'no news yet': (data) => data.length === 0 })) return

  const patching = http.patch(record, JSON.stringify({ data: { status: 'done' } }), RECORD)
  const patched = answer('patch', patching, 200)
  if (!patched) return
  const after = etag(patching)
  const merged = check(patched.data, {
    'merges the patch': (data) => data.status === 'done' && data.description === task.description,
    'the ETag moves on': () => number(after) > number(before),
  })
  if (!merged) return

  // Refusing to write over what changed meanwhile is right, so 412 is no failure here.
  const stale = http.patch(record, JSON.stringify({ data: { status: 'todo' } }), {
    ...RECORD,
    headers: { 'If-Match': before },
    responseCallback: http.expectedStatuses(412),
  })
  if (!answer('stale patch', stale, 412)) return
  if (!check(stale, { '412 tells the present ETag': (r) => etag(r) === after })) return

  const one = answer('since patch', http.get(since(before), SINCE), 200)
  if (!one || !check(one.data, { 'the patch is news': (data) => data.length === 1 && data[0].status === 'done' })) return

  if (!answer('delete', http.del(record, null, { ...RECORD, headers: { 'If-Match': after } }), 200)) return

  const gone = answer('since delete', http.get(since(before), SINCE), 200)
  if (!gone) return
  check(gone.data, { 'leaves a tombstone': (data) => data.length === 1 && data[0].id === id && data[0].deleted === true })
})

// answer checks the status and returns the body; nothing, when the rest of the iteration has no sense.
function answer(what, res, status) {
  return check(res, { [`${what}: ${status}`]: (r) => r.status === status }) ? res.json() : undefined
}

function newTask() {
  return { description: `Task ${Math.random().toString(36).slice(2)}`, status: Math.random() < 0.5 ? 'todo' : 'doing' }
}

function describe(res) {
  return res.status === 0 ? res.error : `status ${res.status} ${res.body ?? ''}`
}

const etag = (res) => res.headers.Etag
const number = (tag) => Number(tag.slice(1, -1)) // an ETag is a timestamp in quotes
const since = (tag) => `${records}?_since=${encodeURIComponent(tag)}`
