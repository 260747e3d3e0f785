/**
 * Images and files as OpenAI's wires take them. Called by the encoders of `chat` and `responses`.
 */

/** The media types of images that OpenAI takes. */
export const imageTypes: ReadonlyArray<string> = ["image/jpeg", "image/png", "image/gif", "image/webp"]

/** The name of a file. The API requires one with the data, and goes by its ending. */
export const fileName = (name: string | undefined, mediaType: string): string =>
  name !== undefined && /\.\w+$/.test(name) ? name : `${name || "file"}.${endingOf(mediaType)}`

const endingOf = (mediaType: string): string => {
  const known = endings.get(mediaType)
  if (known !== undefined) return known
  // Many others are named like their ending: application/xml, text/x-python, model/gltf+json.
  const name = mediaType.split("/")[1]?.replace(/^x-/, "").replace(/\+.*$/, "") ?? ""
  return /^[a-z0-9]{1,10}$/.test(name) ? name : "bin"
}

const office = "application/vnd.openxmlformats-officedocument."
const open = "application/vnd.oasis.opendocument."

const endings = new Map([
  ["application/msword", "doc"],
  [`${office}wordprocessingml.document`, "docx"],
  [`${office}wordprocessingml.template`, "dotx"],
  ["application/vnd.ms-excel", "xls"],
  [`${office}spreadsheetml.sheet`, "xlsx"],
  ["application/vnd.ms-excel.sheet.macroenabled.12", "xlsm"],
  ["application/vnd.ms-powerpoint", "ppt"],
  [`${office}presentationml.presentation`, "pptx"],
  [`${open}text`, "odt"],
  [`${open}spreadsheet`, "ods"],
  [`${open}presentation`, "odp"],
  ["application/vnd.ms-powerpoint.presentation.macroenabled.12", "pptm"],
  ["application/vnd.ms-word.document.macroenabled.12", "docm"],
  ["application/vnd.apple.keynote", "key"],
  ["application/vnd.apple.numbers", "numbers"],
  ["application/vnd.apple.pages", "pages"],
  ["application/epub+zip", "epub"],
  ["application/gzip", "gz"],
  ["application/javascript", "js"],
  ["application/octet-stream", "bin"],
  ["application/typescript", "ts"],
  ["application/x-httpd-php", "php"],
  ["application/x-latex", "tex"],
  ["application/x-sh", "sh"],
  ["application/x-tar", "tar"],
  ["application/x-yaml", "yaml"],
  ["application/zip", "zip"],
  ["audio/mpeg", "mp3"],
  ["image/jpeg", "jpg"],
  ["image/svg+xml", "svg"],
  ["message/rfc822", "eml"],
  ["text/calendar", "ics"],
  ["text/javascript", "js"],
  ["text/markdown", "md"],
  ["text/plain", "txt"],
  ["text/tab-separated-values", "tsv"],
  ["text/vtt", "vtt"],
  ["text/x-c", "c"],
  ["text/x-c++", "cpp"],
  ["text/x-c++src", "cpp"],
  ["text/x-csharp", "cs"],
  ["text/x-csrc", "c"],
  ["text/x-golang", "go"],
  ["text/x-java", "java"],
  ["text/x-java-source", "java"],
  ["text/x-python", "py"],
  ["text/x-ruby", "rb"],
  ["text/x-script.python", "py"],
  ["text/x-shellscript", "sh"],
  ["text/x-typescript", "ts"],
  ["video/quicktime", "mov"]
])
