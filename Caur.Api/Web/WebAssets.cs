using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Caur.Api.Web;

/// <summary>The pages and what they are made of, from this assembly.</summary>
internal sealed class WebAssets
{
    private const string Prefix = "Web/";
    private const string VersionMark = "{version}";

    private static readonly FrozenDictionary<string, string> ContentTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary();

    private readonly FrozenDictionary<string, WebAsset> _assets;

    private WebAssets(string version, FrozenDictionary<string, WebAsset> assets) => (Version, _assets) = (version, assets);

    /// <summary>A hash of all of them. It is a folder of the addresses that the pages use, so that those can be kept for ever.</summary>
    public string Version { get; }

    /// <summary>Reads all of them.</summary>
    public static WebAssets Load()
    {
        var files = Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (Name: name[Prefix.Length..], Content: Read(name)))
            .ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, content) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(BitConverter.GetBytes(content.LongLength));
            hash.AppendData(content);
        }

        var version = Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
        return new WebAssets(version, files.ToFrozenDictionary(file => file.Name, file => Make(file.Name, file.Content, version)));
    }

    /// <summary>One of them by its name; null when there is none.</summary>
    public WebAsset? Find(string name) => _assets.GetValueOrDefault(name);

    private static WebAsset Make(string name, byte[] content, string version)
    {
        var type = ContentTypes[Path.GetExtension(name)];
        var bytes = Path.GetExtension(name) == ".html"
            ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content).Replace(VersionMark, version, StringComparison.Ordinal))
            : content;
        return new WebAsset(bytes, type, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\""));
    }

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}

/// <summary>A page, a script, a style sheet or a picture.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="ContentType">As HTTP names it.</param>
/// <param name="Tag">A hash of its bytes.</param>
internal sealed record WebAsset(byte[] Content, string ContentType, EntityTagHeaderValue Tag);
