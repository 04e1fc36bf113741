// Tells what the objects that a script is given have in them.
import { scenario } from 'plimsoll'
import http, { url } from 'plimsoll/http'

scenario('members', (context) => {
  const res = http.get(`${__ENV.SERVER_URL}/`)
  const members = {
    Context: Object.keys(context),
    Response: Object.keys(res),
    Timings: Object.keys(res.timings),
    SentRequest: Object.keys(res.request),
    NamedURL: Object.keys(url`${__ENV.SERVER_URL}/${1}`),
    Console: Object.keys(console),
    Performance: Object.keys(performance),
  }
  console.log(`members: ${JSON.stringify(members)}`)
})
