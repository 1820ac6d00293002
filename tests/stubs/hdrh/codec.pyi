"""What the analysis uses of hdrhistogram's encoding."""

HdrCookieException: type[Exception]
HdrHistogramSettingsException: type[Exception]
HdrLengthException: type[Exception]
