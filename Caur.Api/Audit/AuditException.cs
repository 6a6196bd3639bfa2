namespace Caur.Api.Audit;

/// <summary>A line could not be written to the audit log. What it was to be the record of is not carried out.</summary>
public sealed class AuditException(string path, Exception inner)
    : Exception($"the audit log {path} cannot be written: {inner.Message}", inner);
