using Caur.Pipelines.Git;

namespace Caur.Pipelines.Reading;

/// <summary>The files of a folder that are looked into.</summary>
internal sealed class FolderFiles
{
    /// <summary>The manual's files that change a PKGBUILD before it is built.</summary>
    public static readonly string[] Altering = [".CI/prepare", ".CI/interfere.patch", ".CI/PKGBUILD.prepend", ".CI/PKGBUILD.append"];

    public TreeFile? Pkgbuild { get; private set; }

    public TreeFile? Srcinfo { get; private set; }

    public TreeFile? Config { get; set; }

    /// <summary>Whether there are files that change the PKGBUILD before it is built.</summary>
    public bool Alter { get; private set; }

    /// <summary>Whether a file is looked into.</summary>
    /// <param name="path">Its path in the folder.</param>
    public static bool IsRead(ReadOnlySpan<byte> path) =>
        path.SequenceEqual("PKGBUILD"u8) || path.SequenceEqual(".SRCINFO"u8) || IsConfig(path) || Alters(path);

    /// <summary>Takes one of them.</summary>
    public void Add(ReadOnlySpan<byte> path, TreeFile file)
    {
        if (Alters(path))
        {
            Alter = true;
        }
        else if (IsConfig(path))
        {
            // A link in place of the folder: what it leads to would be another folder's.
            Config = path.Length == ".CI".Length && file.Kind == TreeFileKind.Plain ? Config : file;
        }
        else if (path[0] == '.')
        {
            Srcinfo = file;
        }
        else
        {
            Pkgbuild = file;
        }
    }

    private static bool Alters(ReadOnlySpan<byte> path)
    {
        if (!path.StartsWith(".CI/"u8))
        {
            return false;
        }

        foreach (var file in Altering)
        {
            if (System.Text.Ascii.Equals(path, file))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsConfig(ReadOnlySpan<byte> path) => path.SequenceEqual(".CI/config"u8) || path.SequenceEqual(".CI"u8);
}
