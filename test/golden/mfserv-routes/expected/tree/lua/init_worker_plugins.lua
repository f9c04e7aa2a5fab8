return {
  "zoo",
}
