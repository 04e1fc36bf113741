/** A URL, or what the template tag `http.url` makes. */
export type HttpURL = string | NamedURL;

/** A URL with the name under which its requests are counted. */
export interface NamedURL {
  readonly url: string;
  readonly name: string;
}

/**
 * The body of a request: an object is sent as `application/x-www-form-urlencoded`, an array in it as its key repeated.
 * Objects within it, dates, Map and Set, NaN and the like throw: nothing is sent as `[object Object]`.
 */
export type RequestBody =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | { [name: string]: Field | Field[] }
  | null
  | undefined;

/** The value of a form's field; of what is undefined or null it is empty. */
export type Field = string | number | bigint | boolean | null | undefined;

/** What a request may be given besides its URL and body. */
export interface Params {
  /** What is undefined or null is left out. */
  headers?: { [name: string]: string | number | boolean | null | undefined };
  /** Of these `name` names the endpoint under which the request is counted. */
  tags?: { [name: string]: string | number | boolean };
  /** Milliseconds, or text such as `"10s"`: for the whole request with its redirects and bodies. */
  timeout?: number | string;
  /** How many redirects are followed; 10 unless set. */
  redirects?: number;
  /** `text` unless set; `none` makes `body` null. */
  responseType?: ResponseType;
  /** Credentials for basic authentication. */
  auth?: { username: string; password: string } | [username: string, password: string] | "basic";
  cookies?: { [name: string]: string | number | boolean | null | undefined | { value: string | number | boolean; replace?: boolean } };
  /** Which statuses are no failure of this request; with null none is. */
  responseCallback?: ExpectedStatuses | null;
}

export type ResponseType = "text" | "binary" | "none";

/** What `expectedStatuses` returns. */
export interface ExpectedStatuses {
  readonly __expectedStatuses: never;
}

/** One request of a `batch`. */
export type BatchRequest =
  | HttpURL
  | [method: string, url: HttpURL, body?: RequestBody, params?: Params | null]
  | { method?: string; url: HttpURL; body?: RequestBody; params?: Params | null };

export type JSONValue = string | number | boolean | null | JSONValue[] | { [key: string]: JSONValue };

/** What came of a request. `status` is 0 when no response came; `error` says why. */
export interface Response {
  remote_ip: string;
  remote_port: number;
  /** After redirects the last one. */
  url: string;
  status: number;
  /** `"404 Not Found"` */
  status_text: string;
  /** `"HTTP/1.1"` */
  proto: string;
  /** By canonical name (`Content-Type`); several values are joined by `", "`. */
  headers: { [name: string]: string };
  cookies: { [name: string]: ResponseCookie[] };
  /** Text; an ArrayBuffer with `responseType: "binary"`; null when there is none. */
  body: string | ArrayBuffer | null;
  timings: Timings;
  tls_version: string;
  tls_cipher_suite: string;
  ocsp: object;
  /** Why no response came; empty when one did. */
  error: string;
  /** 0; 1000 + status from status 400 on; k6's number of the error else. */
  error_code: number;
  request: SentRequest;
  /** The whole body, or what a gjson path (`"data.0.id"`) finds in it, undefined if nothing. */
  json(): any;
  json(path: string): JSONValue | undefined;
}

export interface ResponseCookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  http_only: boolean;
  secure: boolean;
  max_age: number;
  /** Milliseconds since 1970, 0 if not set. */
  expires: number;
}

/** Milliseconds. */
export interface Timings {
  /** sending + waiting + receiving */
  duration: number;
  blocked: number;
  looking_up: number;
  connecting: number;
  tls_handshaking: number;
  sending: number;
  waiting: number;
  receiving: number;
}

/** What the script sent. */
export interface SentRequest {
  method: string;
  url: string;
  headers: { [name: string]: string[] };
  body: string;
  cookies: { [name: string]: unknown };
}
