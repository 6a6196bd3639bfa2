using Microsoft.Extensions.Options;

namespace Caur.Api.Audit;

/// <summary>How much of the audit log is kept.</summary>
public sealed class AuditOptions
{
    /// <summary>When the file <c>audit.log</c> has as many bytes as this, it is put aside and another begun. Default: 16 MiB.</summary>
    public long FileBytes { get; set; } = 16L << 20;

    /// <summary>How many files that were put aside are kept, the newest (<c>CAUR_AUDIT_FILES</c>). Default: 16.</summary>
    public int Files { get; set; } = 16;
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class AuditOptionsValidator : IValidateOptions<AuditOptions>
{
    public ValidateOptionsResult Validate(string? name, AuditOptions options) => options switch
    {
        { FileBytes: < 4096 } => ValidateOptionsResult.Fail("the audit log's files must have 4096 bytes or more"),
        { Files: < 1 or > 10_000 } => ValidateOptionsResult.Fail("CAUR_AUDIT_FILES must be from 1 to 10000"),
        _ => ValidateOptionsResult.Success,
    };
}
