using System.Globalization;
using Caur.Protocol.Builders;

namespace Caur.Protocol.Link;

/// <summary>How an archive is brought to the gateway: <c>HEAD</c> says how much of it is there, <c>PUT</c> with <see cref="Offset"/> adds the
/// next bytes. docs/builder-link.md has the answers.</summary>
public static class UploadProtocol
{
    /// <summary>The header with the bytes that are there, in answers, and the place of the first byte of the body, in requests.</summary>
    public const string Offset = "Upload-Offset";

    /// <summary>The header of an answer that says <c>?1</c> when the whole archive is there with the right hash, as a structured field has it.</summary>
    public const string Complete = "Upload-Complete";

    /// <summary>The header of a request that is about an archive that comes by another way than as the request's body, and its one value: by
    /// <see cref="Sftp"/>.</summary>
    public const string By = "Upload-By";

    /// <summary>Of <see cref="By"/>: the archive is brought to <see cref="Place"/> by SFTP.</summary>
    public const string Sftp = "sftp";

    /// <summary>The header of an answer that says where such an archive is to lie, as its server shows it; escaped as a part of an URI is.</summary>
    public const string Place = "Upload-Path";

    /// <summary>The folder of the landing zone that such archives are brought to.</summary>
    public const string Incoming = ".incoming";

    /// <summary>The path of one archive below the gateway's address.</summary>
    public static string Path(BuilderHello builder, AttemptRef attempt, ArchiveInfo archive)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(archive);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"api/v1/builders/{Uri.EscapeDataString(builder.Name)}/{Uri.EscapeDataString(builder.Instance)}/uploads/{Uri.EscapeDataString(archive.FileName)}"
            + $"?build={Uri.EscapeDataString(attempt.Build)}&attempt={attempt.Number}&size={archive.Size}&sha256={archive.Sha256}");
    }
}
