using System.Text.Json.Serialization;
using Caur.Contracts;

namespace Caur.Api.Auth;

/// <summary>What a token may do.</summary>
[JsonConverter(typeof(WordJsonConverter<TokenRole>))]
public enum TokenRole
{
    /// <summary>Schedule builds and remove packages, as a pipeline does; only for its target repositories when it is bound to some.</summary>
    Ci,

    /// <summary>Speak for one builder.</summary>
    Builder,

    /// <summary>Everything.</summary>
    Admin,

    /// <summary>Read, where reading is not public.</summary>
    Reader,
}
