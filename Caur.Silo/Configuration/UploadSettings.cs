using Caur.Silo.Ssh;

namespace Caur.Silo.Configuration;

/// <summary>Where builders on other machines bring their archives (docs/builders.md): read by the hub, which tells them, and by <c>caur builder</c>, for
/// which its own count.</summary>
internal static class UploadSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("upload.sftp_host", "DATABASE_HOST", new Words("a host's name or address", SshNames.IsName), "none: archives go through the gateway",
            "The SFTP server that builders on other machines bring archives to ([builders.md](builders.md)), as they reach it. Of `caur builder`: instead of what the hub says; `none` for the gateway.")
            { Options = ["LinkOptions.SftpHost"] },
        new("upload.sftp_port", "DATABASE_PORT", new WholeNumber(1, 65535), "22", "The port of that server.") { Options = ["LinkOptions.SftpPort"] },
        new("upload.sftp_user", "DATABASE_USER", new Words("a user's name", SshNames.IsName), "whom the builder's ssh chooses", "As whom builders come to it.") { Options = ["LinkOptions.SftpUser"] },
        new("upload.sftp_path", "LANDING_ZONE_ADVERTISED_PATH", new Words("a path without quotes, backslashes and wildcards", SftpOptions.IsPath), "`LANDING_ZONE_PATH`",
            "The landing zone as that server shows it. `caur builder` takes `LANDING_ZONE_PATH` for the same.") { Options = ["LinkOptions.SftpPath"] },
    ];
}
